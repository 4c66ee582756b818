"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the least memory that OWASP recommends, so that a crowd at the login fits.

    Django's own takes 100 MiB for each password, and all threads of a replica may check one at the
    same time. Source: OWASP, Password Storage Cheat Sheet, "Argon2id". Hashes made with other numbers
    go on working and are renewed when their owner signs in.
    """

    memory_cost = 19_456  # KiB
    time_cost = 2
    parallelism = 1
