"""What a few hostile clients can do to a site, each attack bounded in count and time.

By default against the proxy of the example, started here with the limits of the stack. Against your own site,
as docs/attack.md tells:

    ATTACK_HOST=staging.example.com ATTACK_CONFIRM=staging.example.com .venv/bin/pytest tests/attack
"""
