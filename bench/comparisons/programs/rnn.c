/* A tanh network in C, in single precision, on one thread.
 *
 *     cc -O3 -march=native -ffast-math rnn.c -o plain -lm
 *     cc -O3 -march=native -ffast-math -DTILED rnn.c -o tiled -lm
 *     plain IDS V H T B threads lr init
 *
 * The computation is arranged as in unroll: only Whh·h is computed step by step, all other products
 * take all T·B rows. Products are loops that any compiler vectorizes; with TILED, they keep a tile
 * of 6 × 32 numbers in registers, a shape for which GCC generates vector code.
 *
 * The program follows ../protocol.ts. */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLIP 5
#define EPSILON 1e-8f
#define KC 64 /* rows of B that stay in the cache */
#define MR 6  /* the register tile is MR × NR */
#define NR 32

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* A standard normal number; Box and Muller (1958). */
static double normal(void) {
  double u = (rand() + 1.0) / (RAND_MAX + 2.0), v = (rand() + 1.0) / (RAND_MAX + 2.0);
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static float *zeros(size_t count) {
  float *p = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
  if (!p) exit(1);
  memset(p, 0, count * sizeof(float));
  return p;
}

/* Columns [from, N) of C += A·B, with C [M, N] and B [K, N], four rows of B at a time. Element
 * (i, k) of A is a[i·ai + k·ak]. */
static void multiply_rows(float *restrict c, const float *restrict a, size_t ai, size_t ak,
                          const float *restrict b, int M, int K, int N, int from) {
  for (int i = 0; i < M; i++) {
    float *restrict ci = c + (size_t)i * N;
    const float *row = a + i * ai;
    int k = 0;
    for (; k + 4 <= K; k += 4) {
      const float *restrict b0 = b + (size_t)k * N;
      const float s0 = row[k * ak], s1 = row[(k + 1) * ak];
      const float s2 = row[(k + 2) * ak], s3 = row[(k + 3) * ak];
      for (int j = from; j < N; j++)
        ci[j] += s0 * b0[j] + s1 * b0[N + j] + s2 * b0[2 * N + j] + s3 * b0[3 * N + j];
    }
    for (; k < K; k++)
      for (int j = from; j < N; j++) ci[j] += row[k * ak] * b[(size_t)k * N + j];
  }
}

#ifdef TILED
/* MR × NR elements of C += A·B, kept in registers over K rows of B. */
static void multiply_tile(float *restrict c, const float *restrict a, size_t ai, size_t ak,
                          const float *restrict b, int K, int N) {
  float sums[MR][NR] = {{0}};
  for (int k = 0; k < K; k++)
    for (int i = 0; i < MR; i++)
      for (int j = 0; j < NR; j++)
        sums[i][j] += a[i * ai + k * ak] * b[(size_t)k * N + j];
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NR; j++) c[(size_t)i * N + j] += sums[i][j];
}
#endif

/* C += A·B, with C [M, N] and B [K, N]. Element (i, k) of A is a[i·ai + k·ak]. */
static void multiply(float *c, const float *a, size_t ai, size_t ak, const float *b, int M, int K,
                     int N) {
#ifdef TILED
  int rows = M / MR * MR, columns = N / NR * NR;
  for (int k = 0; k < K; k += 4 * KC) {
    int depth = K - k < 4 * KC ? K - k : 4 * KC;
    const float *ablock = a + k * ak, *bblock = b + (size_t)k * N;
    for (int j = 0; j < columns; j += NR)
      for (int i = 0; i < rows; i += MR)
        multiply_tile(c + (size_t)i * N + j, ablock + i * ai, ai, ak, bblock + j, depth, N);
    multiply_rows(c, ablock, ai, ak, bblock, rows, depth, N, columns);
    multiply_rows(c + (size_t)rows * N, ablock + rows * ai, ai, ak, bblock, M - rows, depth, N, 0);
  }
#else
  for (int k = 0; k < K; k += KC) {
    int depth = K - k < KC ? K - k : KC;
    multiply_rows(c, a + k * ak, ai, ak, b + (size_t)k * N, M, depth, N, 0);
  }
#endif
}

static void transpose(float *restrict to, const float *restrict from, int rows, int columns) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) to[(size_t)j * rows + i] = from[(size_t)i * columns + j];
}

/* Clips the gradients, updates the weights by Adagrad, and clears the gradients for the next
 * step. */
static void update(float *restrict w, float *restrict g, float *restrict m, size_t n,
                   float lr) {
  for (size_t i = 0; i < n; i++) {
    float d = g[i] > CLIP ? CLIP : g[i] < -CLIP ? -CLIP : g[i];
    float s = m[i] + d * d;
    m[i] = s;
    w[i] -= lr * d / sqrtf(s + EPSILON);
    g[i] = 0;
  }
}

int main(int argc, char **argv) {
  if (argc != 9) return 2;
  const int V = atoi(argv[2]), H = atoi(argv[3]), T = atoi(argv[4]), B = atoi(argv[5]);
  const float lr = atof(argv[7]);
  const double init = atof(argv[8]);

  FILE *file = fopen(argv[1], "rb");
  if (!file) return 1;
  fseek(file, 0, SEEK_END);
  size_t N = ftell(file) / sizeof(uint32_t);
  rewind(file);
  uint32_t *ids = malloc(N * sizeof(uint32_t));
  if (!ids || fread(ids, sizeof(uint32_t), N, file) != N) return 1;
  fclose(file);
  const long L = N / B; /* characters of a stream */

  /* Matrices are stored transposed, [inputs, outputs]; m has the sums of squares. */
  const size_t nx = (size_t)V * H, nh = (size_t)H * H, ny = (size_t)H * V;
  const size_t count = nx + nh + ny + H + V;
  float *w = zeros(count), *g = zeros(count), *m = zeros(count);
  float *Wxh = w, *Whh = Wxh + nx, *Why = Whh + nh, *bh = Why + ny, *by = bh + H;
  float *gxh = g, *ghh = gxh + nx, *ghy = ghh + nh, *gbh = ghy + ny, *gby = gbh + H;
  for (size_t i = 0; i < nx + nh + ny; i++) w[i] = init * normal();
  const int R = T * B;
  float *hs = zeros((size_t)(R + B) * H), *h1 = hs + (size_t)B * H; /* hs: initial state first */
  float *ys = zeros((size_t)R * V), *dh = zeros((size_t)R * H);
  float *WhhT = zeros(nh), *WhyT = zeros(ny);

  printf("{\"ready\": \"%s\"}\n", __VERSION__);
  fflush(stdout);
  long position = 0;
  double seconds;
  while (scanf("%lf", &seconds) == 1) {
    double start = now(), elapsed = 0, total_loss = 0;
    long steps = 0;
    do {
      if (position + T + 1 >= L) {
        position = 0;
        memset(hs, 0, (size_t)B * H * sizeof(float));
      }
      for (int r = 0; r < R; r++) {
        const float *x = Wxh + (size_t)ids[(r % B) * L + position + r / B] * H;
        for (int i = 0; i < H; i++) h1[(size_t)r * H + i] = x[i] + bh[i];
      }
      for (int t = 0; t < T; t++) {
        float *h = h1 + (size_t)t * B * H;
        multiply(h, h - (size_t)B * H, H, 1, Whh, B, H, H);
        for (int i = 0; i < B * H; i++) h[i] = tanhf(h[i]);
      }
      for (int r = 0; r < R; r++) memcpy(ys + (size_t)r * V, by, V * sizeof(float));
      multiply(ys, h1, H, 1, Why, R, H, V);

      double loss = 0;
      for (int r = 0; r < R; r++) {
        float *y = ys + (size_t)r * V, max = -INFINITY, sum = 0;
        const uint32_t target = ids[(r % B) * L + position + r / B + 1];
        for (int v = 0; v < V; v++) max = y[v] > max ? y[v] : max;
        const float shifted = y[target] - max;
        for (int v = 0; v < V; v++) sum += y[v] = expf(y[v] - max);
        const float scale = 1 / (sum * B);
        for (int v = 0; v < V; v++) y[v] *= scale;
        y[target] -= 1.0f / B;
        loss += logf(sum) - shifted;
        for (int v = 0; v < V; v++) gby[v] += y[v];
      }

      transpose(WhyT, Why, H, V);
      transpose(WhhT, Whh, H, H);
      memset(dh, 0, (size_t)R * H * sizeof(float));
      multiply(dh, ys, V, 1, WhyT, R, V, H);
      for (int t = T - 1; t >= 0; t--) {
        float *d = dh + (size_t)t * B * H;
        const float *h = h1 + (size_t)t * B * H;
        if (t + 1 < T) multiply(d, d + (size_t)B * H, H, 1, WhhT, B, H, H);
        for (int i = 0; i < B * H; i++) d[i] *= 1 - h[i] * h[i];
      }
      multiply(ghy, h1, 1, H, ys, H, R, V);
      multiply(ghh, hs, 1, H, dh, H, R, H);
      for (int r = 0; r < R; r++) {
        float *gx = gxh + (size_t)ids[(r % B) * L + position + r / B] * H;
        const float *d = dh + (size_t)r * H;
        for (int i = 0; i < H; i++) gx[i] += d[i];
        for (int i = 0; i < H; i++) gbh[i] += d[i];
      }
      update(w, g, m, count, lr);
      memcpy(hs, hs + (size_t)R * H, (size_t)B * H * sizeof(float));
      position += T;
      steps++;
      total_loss += loss / R;
      elapsed = now() - start;
    } while (elapsed < seconds);
    printf("{\"chars\": %ld, \"seconds\": %.6f, \"loss\": %.6f}\n", steps * R, elapsed,
           total_loss / steps);
    fflush(stdout);
  }
  return 0;
}
