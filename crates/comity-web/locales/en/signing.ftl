# Signing in.
sign-in = Sign in
sign-in-name = Name
sign-in-password = Password
sign-in-code = Code
sign-in-code-hint = Six digits from your authenticator, or one of your recovery codes.
sign-in-wrong = The name, the password or the code is wrong.
sign-in-not-own = Accounts of other parties use TAXII; these pages are for this party's own persons.
sign-in-hint = No account yet? Whoever manages the node invites you.
sign-in-passkey = Sign in with a passkey
passkey-none-given = The browser gave no passkey. Try again, or use your password.
passkey-wrong = This passkey does not sign anybody in here, or it took too long.
passkey-counted-back = This passkey counted back: another copy of it may be in use. Sign in with your password and remove it, and tell whoever manages the node.
