"""What it costs to judge a sample, beside other tools; and the sample."""
