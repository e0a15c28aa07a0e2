"""A mutation run: the package is broken in small ways, one at a time; does a test notice?"""
