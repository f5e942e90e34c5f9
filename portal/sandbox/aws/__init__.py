"""A strict simulated AWS for VPC endpoints, over moto."""
