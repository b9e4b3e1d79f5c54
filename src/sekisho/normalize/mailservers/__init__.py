"""Mail servers' logs in text become events: logins, sessions, mails on their way, and what clients did wrong."""
