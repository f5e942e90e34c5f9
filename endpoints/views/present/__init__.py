"""What pages show, made of what services read: steps, timelines, facts. Pure of HTML."""
