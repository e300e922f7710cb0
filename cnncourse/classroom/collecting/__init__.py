"""What learning platforms hand over: uploads, class lists and names, made into one notebook a learner."""
