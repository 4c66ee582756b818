"""The base images that the project's files name, also where no image registry is in reach.

``python -m lab.images`` pulls each of them, or builds a stand-in under the same name. A stand-in
keeps what the real image promises as far as the project uses it, and is kinder nowhere: a script
that the real image would break must break here.
"""
