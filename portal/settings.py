"""Settings of the portal: one file, read from the environment.

Everything that differs between a laptop and production is an environment variable, listed in docs/operations.md.
`PORTAL_SANDBOX=1` marks one machine's sandbox: plain HTTP, fixed development secrets, and a banner on every page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from kombu import Queue

from portal import env

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

SANDBOX = env.flag("PORTAL_SANDBOX", default=False)
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY", "sandbox-only-secret-key-" + "0" * 40 if SANDBOX else None)
# Keys the audit chain. It lives outside the database, so that who can write there can't recompute the chain.
PORTAL_AUDIT_KEY = env.text("PORTAL_AUDIT_KEY", "sandbox-only-audit-key-" + "0" * 40 if SANDBOX else None)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if SANDBOX else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
AUTH_USER_MODEL = "endpoints.User"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "knox",
    "rest_framework",
    "endpoints",
    *(["portal.sandbox"] if SANDBOX else []),  # its command seed_demo makes the demo users
]

MIDDLEWARE = [
    "portal.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # static files are for everybody
    "portal.private.PrivateMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "endpoints.views.context.portal",
            ],
        },
    },
]

# No transaction of ours waits for anything but PostgreSQL. One that does nothing for so long belongs to a process that
# is frozen, and would hold its account's lock, and with it every approval there, until it thaws.
PORTAL_DB_IDLE_SECONDS = env.number("PORTAL_DB_IDLE_SECONDS", 30)
DATABASES = {"default": {**env.database("DATABASE_URL"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
_asked = DATABASES["default"]["OPTIONS"]
_idle = f"-c idle_in_transaction_session_timeout={int(PORTAL_DB_IDLE_SECONDS * 1000)}"
_asked["options"] = f"{_asked.get('options', '')} {_idle}".strip()

REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}

# --- People -----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.accounts.ClosedAccountAdapter"
ACCOUNT_FORMS = {
    "login": "portal.accounts.LoginForm",
    "change_password": "portal.accounts.ChangePasswordForm",
    "reset_password": "portal.accounts.ResetPasswordForm",
    "reset_password_from_key": "portal.accounts.ResetPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Whose guesses are counted together: an address. Behind a proxy all come from its own, unless it is trusted to tell.
ALLAUTH_TRUSTED_PROXY_COUNT = int(env.number("TRUSTED_PROXIES", 0))

# Mail is for a forgotten password alone. Without a server for it nobody is offered a link: it would stand in a log.
EMAIL_HOST = env.text("EMAIL_HOST", "")
PORTAL_SENDS_MAIL = bool(EMAIL_HOST)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if PORTAL_SENDS_MAIL else 'dummy'}.EmailBackend"
EMAIL_PORT = int(env.number("EMAIL_PORT", 587))
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = 10  # seconds: somebody waits for the page
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "endpoint-portal@localhost")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail from here

# Shown on the sandbox's login page; nowhere else are there users with a published password.
PORTAL_DEMO_USERS: list[dict[str, str]] = []
if SANDBOX:
    from portal.sandbox import demo

    PORTAL_DEMO_USERS = [
        {"username": user.username, "password": demo.PASSWORD, "role": user.does} for user in demo.USERS
    ]

# --- Cookies, transport, content --------------------------------------------------------------------------------------
SECURE = not SANDBOX
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "endpoints.routing.stale_form"
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # a load balancer asks over plain HTTP
SIGNED_COOKIE_LEGACY_SALT_FALLBACK = False
if env.flag("TRUST_X_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "portal.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Language, time, files --------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if SANDBOX
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = SANDBOX
# Elsewhere files are looked at once, and one that is edited then is served cut to its old length.
WHITENOISE_AUTOREFRESH = SANDBOX
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False
FORM_RENDERER = "endpoints.forms.renderer.Renderer"

# --- JSON -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "endpoints.api.authentication.PortalTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["endpoints.api.permissions.DeclaredRule"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["endpoints.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "endpoints.api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
REST_KNOX = {"TOKEN_TTL": None, "AUTO_REFRESH": False, "TOKEN_LIMIT_PER_USER": 20}
SPECTACULAR_SETTINGS = {
    "TITLE": "Endpoint Portal",
    "DESCRIPTION": "Requests, VPC endpoints and their policies; services, VPCs; plans as dry runs.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["endpoints.api.permissions.DeclaredRule"],
    "PREPROCESSING_HOOKS": ["endpoints.api.schema.canonical_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "endpoints.api.schema.problem_content",
        "endpoints.api.schema.path_ids",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RequestStatus": "endpoints.api.schema.REQUEST_STATUSES",
        "EndpointStatus": "endpoints.api.schema.ENDPOINT_STATUSES",
        "PolicyStatus": "endpoints.api.schema.POLICY_STATUSES",
        "OperationStatus": "endpoints.api.schema.OPERATION_STATUSES",
        "ChangeAction": "endpoints.api.schema.CHANGE_ACTIONS",
        "Severity": "endpoints.api.schema.SEVERITIES",
        "Decision": "endpoints.api.schema.DECISIONS",
        "AttemptOutcome": "endpoints.api.schema.ATTEMPT_OUTCOMES",
        "FindingOutcome": "endpoints.api.schema.FINDING_OUTCOMES",
    },
}

# --- Workers ----------------------------------------------------------------------------------------------------------
# The database row is the queue; Redis only wakes workers (docs/adr/0003-database-is-the-queue.md).
CELERY_BROKER_URL = REDIS_URL
# A worker without --queues serves all, by turns: however many wait in the others, an urgent message waits for three.
CELERY_TASK_DEFAULT_QUEUE = "urgent"
CELERY_TASK_QUEUES = [Queue("urgent"), Queue("asking"), Queue("looking"), Queue("routine")]
CELERY_TASK_ACKS_LATE = True  # so that a worker takes no more than its processes work on
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # the row says who works on it, not the message
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # the sweeper owns recovery; requeueing loops for ever on a poison task
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 60
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Redis keeps nothing of a message that was taken: the row and its lease do. When it did, a worker whose connection
    # broke under a task fell over that bookkeeping, and ended.
    "ack_emulation": False,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY = False  # best effort: the sweeper finds what a lost message would have woken

# --- AWS and the engine -----------------------------------------------------------------------------------------------
AWS_ENDPOINT_URL = env.text("AWS_ENDPOINT_URL", "")  # read by boto3 itself; here only to show it on the pages
PORTAL_AWS_SIMULATED = env.flag("PORTAL_AWS_SIMULATED", default=False)  # only then the banner says so
PORTAL_AWS_CONNECT_SECONDS = env.number("PORTAL_AWS_CONNECT_SECONDS", 3)
PORTAL_AWS_READ_SECONDS = env.number("PORTAL_AWS_READ_SECONDS", 20)
PORTAL_AWS_READ_ATTEMPTS = int(env.number("PORTAL_AWS_READ_ATTEMPTS", 3))
# Who the portal is to other accounts: the ARN that their roles' trust policies name.
PORTAL_AWS_PRINCIPAL = env.text("PORTAL_AWS_PRINCIPAL", "")
PORTAL_LEASE_SECONDS = env.number("PORTAL_LEASE_SECONDS", 120)  # longer than any one call: endpoints/checks.py
PORTAL_STOP_SECONDS = env.number("PORTAL_STOP_SECONDS", 80)  # docker-compose.yml waits a little longer
PORTAL_AWS_RATE = env.number("PORTAL_AWS_RATE", 1)  # times AWS's own pace: for a simulated AWS that is scaled alike
PORTAL_WAKE_SECONDS = env.number("PORTAL_WAKE_SECONDS", 0.5)
PORTAL_SWEEP_SECONDS = env.number("PORTAL_SWEEP_SECONDS", 5)
PORTAL_OBSERVE_SECONDS = env.number("PORTAL_OBSERVE_SECONDS", 2)
PORTAL_INVENTORY_SECONDS = env.number("PORTAL_INVENTORY_SECONDS", 300)
PORTAL_DRIFT_SECONDS = env.number("PORTAL_DRIFT_SECONDS", 300)
PORTAL_POLICY_EFFECT_SECONDS = env.number("PORTAL_POLICY_EFFECT_SECONDS", 300)
# A file of prices in place of endpoints/network/data/prices.json, in the same form.
PORTAL_PRICES = env.text("PORTAL_PRICES", "")
# No "expires": a worker whose clock is off by an hour would drop every tick. The tasks drop what piled up.
CELERY_BEAT_SCHEDULE = {
    "wake-due": {"task": "endpoints.wake_due", "schedule": PORTAL_WAKE_SECONDS},
    "sweep": {"task": "endpoints.sweep", "schedule": PORTAL_SWEEP_SECONDS},
    "observe": {"task": "endpoints.observe_due", "schedule": PORTAL_OBSERVE_SECONDS},
}

# --- Logs -------------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
# These tell of each message three times over, and beat sends several a second: half a gigabyte a day of an idle portal,
# in which nobody finds what matters. What fails is told all the same.
_TICKING = ("celery.beat", "celery.worker.strategy", "celery.app.trace")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "portal.logs.JsonFormatter"},
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain" if SANDBOX else "json"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {name: {"level": "DEBUG" if LOG_LEVEL == "DEBUG" else "WARNING"} for name in _TICKING},
}
