# Build with: docker build -t claviger .
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

# Only what runs: no development dependencies, and no embedded Postgres (an optional package of its own).
FROM node:24-slim AS production
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY libs/providers/src/oauth2/presets libs/providers/src/oauth2/presets
COPY package.json ./
COPY bin bin
COPY prisma prisma
# A volume here takes over its mode: whoever the container runs as can make its spool in it.
RUN install -d -m 1777 /var/lib/claviger
ENV SPOOL_DIR=/var/lib/claviger/spool
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--require", "./bin/threads.cjs", "--expose-gc", "--max-semi-space-size=16", "--no-wasm-tier-up", "dist/bundle/main.js"]
