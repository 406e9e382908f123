"""Signs a person in to Microsoft Entra ID once and keeps a token file fresh for the apps beside it."""

__version__ = "0.1.0"
