"""The modules of `deploy/swarm`, named by what they do.

The template owns this folder: it is the same in every project, its tests are in the template's repository, and an
update of the template replaces it. Change nothing here. What a project decides for itself it says elsewhere: what is
deployed in deploy/stack*.yml, and how (deadlines, checks, where to verify) in deploy/configs/ENV/deploy.env.
"""
