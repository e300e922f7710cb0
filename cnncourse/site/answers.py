"""Predictions and quizzes on a page: from the records that the notebooks ask from, kept in the reader's browser."""

import html

from cnncourse.learner import Prediction, Question
from cnncourse.learner.predictions import NONE_MADE

GIVEN = "␟"  # stands for what the reader types


def prediction_form(chapter: str, prediction: Prediction) -> str:
    """Return a prediction as a form.

    Args:
        chapter: for example "01-lenet-5".
        prediction: what is to be predicted.

    """
    heading = f"<b>Your prediction:</b> {html.escape(prediction.text)}"
    name = html.escape(f"{chapter}-{prediction.name}")
    told = "".join(_template(option, prediction.noted(option)) for option in prediction.options)
    if prediction.options:
        asked = _choices(name, heading, prediction.options)
    else:
        told = _template(GIVEN, prediction.noted(GIVEN))
        told += _template("refusal", prediction.refusal) if prediction.unit else ""
        asked = f'<label class="cnncourse-asked" for="{name}">{heading}</label>{_field(name, prediction)}'
    return (
        f'<form class="cnncourse-answer" data-kind="predictions" data-chapter="{html.escape(chapter)}" '
        f'data-name="{html.escape(prediction.name)}">{asked}<div role="status">{html.escape(prediction.demand)}</div>'
        f"{told}</form>"
    )


def recall(chapter: str, prediction: Prediction) -> str:
    """Return what lets the page's script say beside a result what the reader predicted.

    Args:
        chapter: for example "01-lenet-5".
        prediction: the one that the result belongs to.

    """
    return (
        f'<span hidden class="cnncourse-recall" data-chapter="{html.escape(chapter)}" '
        f'data-name="{html.escape(prediction.name)}" data-unit="{html.escape(prediction.unit)}" '
        f'data-none="{NONE_MADE}" data-said="{html.escape(prediction.recalled(GIVEN))}"></span>'
    )


def quiz_form(chapter: str, questions: tuple[Question, ...]) -> str:
    """Return a chapter's questions as forms.

    Args:
        chapter: for example "01-lenet-5".
        questions: in their order.

    """
    forms = []
    for number, question in enumerate(questions, start=1):
        told = "".join(_template(option, question.verdict(option)) for option in question.options)
        name = html.escape(f"{chapter}-{question.name}")
        asked = _choices(name, f"<b>{number}. {html.escape(question.text)}</b>", question.options)
        forms.append(
            f'<form class="cnncourse-answer" data-kind="answers" data-chapter="{html.escape(chapter)}" '
            f'data-name="{html.escape(question.name)}" data-right="{html.escape(question.options[question.right])}">'
            f'{asked}<div role="status"></div>{told}</form>'
        )
    return "".join(forms)


def summary(chapter: str, predictions: int, questions: int) -> str:
    """Return what becomes a line on how far the reader has come with a chapter on this site.

    Args:
        chapter: for example "01-lenet-5".
        predictions: how many it asks for.
        questions: how many its quiz has.

    """
    return (
        f'<div class="cnncourse-come" data-chapter="{html.escape(chapter)}"><p role="status">On this page: '
        f'<b data-count="predictions">0</b> of {predictions} predictions made, <b data-count="answers">0</b> of '
        f'{questions} questions answered, <b data-count="right">0</b> of them rightly. This is kept in your browser '
        "only. In JupyterLab the course’s own record counts, and the exercises too.</p>"
        '<button type="button">Forget what I answered here</button></div>'
    )


def _choices(name: str, heading: str, options: tuple[str, ...]) -> str:
    each = "".join(
        f'<label><input type="radio" name="{name}" value="{html.escape(option)}"> <span>{html.escape(option)}</span>'
        "</label>"
        for option in options
    )
    return f'<fieldset><legend class="cnncourse-asked">{heading}</legend>{each}</fieldset>'


def _field(name: str, prediction: Prediction) -> str:
    if prediction.unit:
        return (
            f'<input type="text" inputmode="decimal" id="{name}" data-number autocomplete="off"> '
            f"{html.escape(prediction.unit)}"
        )
    return f'<textarea id="{name}" rows="3"></textarea>'


def _template(value: str, shown: str) -> str:
    return f'<template data-for="{html.escape(value)}">{shown}</template>'
