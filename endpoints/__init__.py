"""The application: requests, reviews, endpoints, policy revisions and their provisioning."""
