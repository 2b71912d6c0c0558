"""The local stack: real PostgreSQL behind Supabase Lite, a loopback Google, and trouble on demand.

Everything listens on 127.0.0.1 only, starts within seconds and is gone with its context manager.
"""
