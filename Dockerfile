# The page in a container: docker build --tag musictx . && docker run --publish 7860:7860 musictx
FROM python:3.12-slim

# The FluidSynth library, which turns notes into sound.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libfluidsynth3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 musictx \
    && install --directory --owner musictx /data

WORKDIR /app

# Before the program, so that a change of it installs nothing anew.
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock

COPY LICENSE app.py ./
COPY musictx ./musictx
COPY assets ./assets
COPY checkpoints ./checkpoints

# Without rights: the program can write to /data and its own home alone.
USER musictx
ENV GRADIO_SERVER_NAME=0.0.0.0 \
    MUSICTX_WORKSHOP=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 7860

# The first answer of a slow machine takes a minute.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]

ENTRYPOINT ["python", "app.py"]
