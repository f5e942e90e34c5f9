"""What happens: one keyword-only function per act, the actor and the clock included."""
