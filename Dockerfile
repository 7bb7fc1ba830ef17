# Images for machines of a cluster: Ray's, with raysc and the packages of constraints.txt.
#
#     docker build --target cpu --tag raysc:cpu .
#     docker build --target gpu --tag raysc:gpu .
#     docker run --rm --shm-size 4g --volume "$PWD:/work" --workdir /work raysc:cpu raysc sweep grid.yaml
ARG RAY=2.60.0-py311

FROM rayproject/ray:${RAY}-cpu AS cpu
COPY --chown=ray:users . /home/ray/raysc
RUN pip install --no-cache-dir --constraint /home/ray/raysc/constraints.txt \
    --extra-index-url https://download.pytorch.org/whl/cpu '/home/ray/raysc[text]'

FROM rayproject/ray:${RAY}-gpu AS gpu
COPY --chown=ray:users . /home/ray/raysc
RUN pip install --no-cache-dir --constraint /home/ray/raysc/constraints.txt '/home/ray/raysc[text]'
