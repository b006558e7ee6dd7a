"""`denban init`: a site file out of few questions."""
