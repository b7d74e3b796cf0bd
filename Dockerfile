# syntax=docker/dockerfile:1
# The image brings Node 24 itself, so the npm package `node` is not asked for its binary (--ignore-scripts).
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY console/package.json console/
RUN npm ci --ignore-scripts --no-audit --no-fund
# The build scripts call the clone's own Node; here that is the image's.
RUN ln -sf "$(command -v node)" node_modules/.bin/node
COPY . .
RUN node scripts/build.js

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    TOKENWORKS_HOME=/data \
    TOKENWORKS_HOST=0.0.0.0 \
    TOKENWORKS_PORT=8787
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE README.md ./
COPY bin bin
RUN mkdir /data && chown node:node /data && chmod 700 /data && ln -s /app/bin/tokenworks.js /usr/local/bin/tokenworks
USER node
VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and takes SIGTERM itself: it drains.
STOPSIGNAL SIGTERM
CMD ["node", "bin/tokenworks.js", "serve"]
