"""Client stacks of several languages, each a small program that reads a job and prints answers.

A job is one JSON object on standard input: where the contract is, how to sign in, which calls to
make. The program prints one JSON list: for each call its answer, or the declared fault it got.
"""
