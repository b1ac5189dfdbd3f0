# The demo as an image with nothing in it but what it runs.
FROM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY . .
# Builds the compiler and the demo's programs, and compiles units/ to /image/init.
RUN make image IMAGE=/image

FROM scratch
COPY --from=build /image/ /
ENTRYPOINT ["/init"]
