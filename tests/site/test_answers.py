"""Predictions and quizzes on the site ask and say what the notebooks do."""

import html

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.course import predict, quiz
from cnncourse.site.answers import prediction_form, quiz_form, recall

RECORDS = [record for record in CATALOGUE if record.has_chapter]


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: each.slug)
def test_each_question_is_asked_with_all_options_and_their_verdicts(record):
    shown = quiz_form(record.chapter, record.questions())
    assert shown.count("<form ") == len(quiz(record.chapter).questions)
    for question in record.questions():
        assert html.escape(question.text) in shown
        for option in question.options:
            assert f'<template data-for="{html.escape(option)}">{question.verdict(option)}' in shown
        assert f'data-right="{html.escape(question.options[question.right])}"' in shown


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: each.slug)
def test_each_prediction_can_be_made(record):
    for prediction in record.predictions():
        shown = prediction_form(record.chapter, prediction)
        assert html.escape(prediction.text) in shown
        assert shown.count('type="radio"') == len(prediction.options)
        assert ("data-number" in shown) == bool(prediction.unit)
        asked = predict(record.chapter, prediction.name)
        assert html.escape(asked.prediction.demand) in shown


def test_a_result_recalls_what_was_predicted_in_the_notebooks_words():
    asked = predict("06-resnet-50", "projections-share")
    shown = recall("06-resnet-50", asked.prediction)
    assert 'data-none="You made no prediction"' in shown
    assert 'data-said="You said: ␟ %"' in shown
    assert asked.beside("10.9").startswith("You made no prediction")
