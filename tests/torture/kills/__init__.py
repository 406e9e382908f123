"""At every single system call a turn is killed, or the call fails: tokens and the sign-in come to no harm."""
