# The engine with its command line. It runs the TypeScript sources; nothing is compiled.
FROM node:24-bookworm-slim

WORKDIR /srv/msec
COPY package.json package-lock.json .npmrc ./
COPY tools/node24 tools/node24
# The image has Node 24 itself, so the binary from npm stays out, with all that only tests need.
RUN npm ci --omit=dev && npm cache clean --force

COPY . .
RUN mkdir -p data && chown node:node data
USER node
VOLUME /srv/msec/data

# bin/msec replaces itself with node, which so receives the signals.
STOPSIGNAL SIGTERM
ENTRYPOINT ["bin/msec"]
CMD ["up"]
