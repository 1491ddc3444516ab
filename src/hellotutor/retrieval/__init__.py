"""Finding the passages that answer: lexical and vector segments, fused."""
