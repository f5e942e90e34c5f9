# The portal as one image. Web, worker and beat differ in their command only; see docker-compose.yml.
#
#   docker build --target portal -t endpoint-portal .            what production runs
#   docker build --target sandbox -t endpoint-portal-sandbox .   the same with the simulated AWS, for docker-compose.yml
#
# Production needs SECRET_KEY, PORTAL_AUDIT_KEY, ALLOWED_HOSTS, DATABASE_URL and REDIS_URL in the environment, and AWS
# credentials where boto3 looks for them; docs/operations.md lists the rest. Run `python manage.py migrate` before a
# new version serves.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/base.txt /requirements/base.txt
RUN python -m venv /venv && /venv/bin/pip install --quiet --require-hashes --only-binary :all: -r /requirements/base.txt

FROM build AS build-sandbox
COPY requirements/sandbox.txt /requirements/sandbox.txt
RUN /venv/bin/pip install --quiet --require-hashes -r /requirements/sandbox.txt

FROM python:3.11-slim AS common
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=portal.settings
RUN groupadd --gid 10001 portal && useradd --uid 10001 --gid portal --no-create-home --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /data
WORKDIR /app

FROM common AS sandbox
EXPOSE 4566
VOLUME /data
COPY --from=build-sandbox /venv /venv
COPY . .
USER portal
CMD ["python", "-m", "portal.sandbox.aws", "--host", "0.0.0.0", "--port", "4566", "--state", "/data/aws", "--pace", "1.0", "--rate", "1.0", "--seed-demo"]

FROM common AS portal
EXPOSE 8000
COPY --from=build /venv /venv
COPY . .
# Collecting reads the settings and reaches no server; these values are gone with the command.
RUN SECRET_KEY=build PORTAL_AUDIT_KEY=build DATABASE_URL=postgres://build@127.0.0.1:9/build \
    REDIS_URL=redis://127.0.0.1:9/0 python manage.py collectstatic --noinput --verbosity 0
USER portal
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--preload", "--no-control-socket", "--access-logfile", "-"]
