"""What looks at all networks together: the timeline, the story, the article's table, the gallery and the benchmark."""
