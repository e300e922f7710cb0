"""Published weights for the course's networks, loaded by order and shape or refused aloud."""
