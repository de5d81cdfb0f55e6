# The course, ready to run, for linux/amd64 and linux/arm64 (Apple silicon):
#   docker build --tag mfbook . && docker run --rm --publish 8888:8888 mfbook
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        default-jre-headless git libgomp1 make \
    && if [ "$(dpkg --print-architecture)" = amd64 ]; then \
           apt-get install --yes --no-install-recommends libquadmath0; \
       fi \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home learner

USER learner
WORKDIR /home/learner/course
ENV PATH=/home/learner/course/.venv/bin:$PATH

COPY --chown=learner . .
RUN make env

EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "notebooks"]
