"""Models of the parts that are plugged into the board, each with its datasheet's behaviour."""
