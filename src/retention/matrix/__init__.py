"""The retention matrix: its language, its typed form, its findings."""
