"""`recsys up`: the app, the pipeline UI, its daemon and its code under one parent."""
