"""Attribution: an incident's techniques and software become weighed hypotheses, each with evidence for and against."""
