# The course, ready to run. On Apple silicon, too, it needs linux/amd64: MXNet has no other build.
#   docker build --platform linux/amd64 --tag mfbook .
#   docker run --rm --platform linux/amd64 --publish 8888:8888 mfbook
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends default-jre-headless git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home learner

USER learner
WORKDIR /home/learner/course
ENV PATH=/home/learner/course/.venv/bin:$PATH

COPY --chown=learner . .
# Chapter 12 needs Spark
RUN make env && pip install --no-cache-dir --requirement requirements-spark.txt

EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "notebooks"]
