"""What every gunicorn of the portal shares; it reads this file from the folder that it starts in."""

# The request form's fragment is a GET that carries every ticked subnet and route table: eighty ids fill the default.
limit_request_line = 8190
