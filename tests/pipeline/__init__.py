"""The project's pipeline, run for real from a commit to the swarm, and everything around it.

gitlab-ci-local runs .gitlab-ci.yml in containers, as GitLab's runner does. Around it are a registry that asks
for a password, an ssh server before the swarm's engine, and a list of vulnerabilities, all of this machine.
"""
