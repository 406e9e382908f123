"""The life of a sign-in in virtual time: real files, real decisions, a scripted authority."""
