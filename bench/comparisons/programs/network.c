/* A network in C, in single precision, on one thread: layers of tanh, GRU or LSTM cells.
 *
 *     cc -O3 -march=native -ffast-math network.c -o plain -lm
 *     cc -O3 -march=native -ffast-math -DTILED network.c -o tiled -lm
 *     plain IDS WEIGHTS V cell L H T B optimizer lr beta1 beta2 decay clip clip-mode average
 *
 * The computation is arranged as in unroll: only Whh·h is computed step by step, all other products
 * take all T·B rows. Products are loops that any compiler vectorizes; with TILED, they keep a tile
 * of 6 × 32 numbers in registers, a shape for which GCC generates vector code.
 *
 * The program follows ../protocol.ts: its arguments are what TASK has there. */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EPSILON 1e-8f
#define KC 64 /* rows of B that stay in the cache */
#define MR 6  /* the register tile is MR × NR */
#define NR 32

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
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

enum cell { RNN, GRU, LSTM };
enum rule { ADAGRAD, RMSPROP, ADAM, ADAMW };

static const char *const cells[] = {"rnn", "gru", "lstm", NULL};
static const char *const rules[] = {"adagrad", "rmsprop", "adam", "adamw", NULL};

static int index_of(const char *name, const char *const *names) {
  for (int i = 0; names[i]; i++)
    if (!strcmp(name, names[i])) return i;
  fprintf(stderr, "there is no %s\n", name);
  exit(2);
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static void add(float *restrict to, const float *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] += from[i];
}

static void add_rows(float *restrict to, const float *restrict from, int rows, int columns,
                     int stride) {
  for (int r = 0; r < rows; r++) add(to, from + (size_t)r * stride, columns);
}

static void repeat(float *restrict to, const float *restrict row, int rows, int columns) {
  for (int r = 0; r < rows; r++) memcpy(to + (size_t)r * columns, row, columns * sizeof(float));
}

/* A layer: its weights, stored transposed as [inputs, outputs], their gradients, and the rows of a
 * batch. Gates lie in PyTorch's order: r, z, n of the GRU and i, f, g, o of the LSTM. */
struct layer {
  int inputs; /* 0: characters */
  float *wx, *wh, *b, *bn, *gx, *gh, *gb, *gbn;
  float *hs, *cs;    /* h and c [R + B, H], those before the batch first */
  float *a;          /* gates [R, G·H] */
  float *u;          /* GRU: Whh·h + bhn [R, G·H] */
  float *tc;         /* LSTM: tanh c [R, H] */
  float *dh, *da, *du, *dc;
  float *wxt, *wht;
};

static int V, L, H, T, B, G, R;
static enum cell cell;

/* A step: rows t·B to (t + 1)·B of h, and of c. */
static void step_forward(struct layer *l, int t) {
  const int N = G * H;
  float *restrict a = l->a + (size_t)t * B * N;
  const float *restrict h0 = l->hs + (size_t)t * B * H;
  float *restrict h1 = l->hs + (size_t)(t + 1) * B * H;
  if (cell == RNN) {
    multiply(a, h0, H, 1, l->wh, B, H, N);
    for (int i = 0; i < B * H; i++) h1[i] = tanhf(a[i]);
  } else if (cell == GRU) {
    float *restrict u = l->u + (size_t)t * B * N;
    memset(u, 0, (size_t)B * N * sizeof(float));
    multiply(u, h0, H, 1, l->wh, B, H, N);
    for (int s = 0; s < B; s++) {
      float *restrict as = a + (size_t)s * N, *restrict us = u + (size_t)s * N;
      for (int i = 0; i < 2 * H; i++) as[i] = sigmoid(as[i] + us[i]);
      for (int i = 0; i < H; i++) us[2 * H + i] += l->bn[i];
      for (int i = 0; i < H; i++) as[2 * H + i] = tanhf(as[2 * H + i] + as[i] * us[2 * H + i]);
      for (int i = 0; i < H; i++)
        h1[s * H + i] = (1 - as[H + i]) * as[2 * H + i] + as[H + i] * h0[s * H + i];
    }
  } else {
    const float *restrict c0 = l->cs + (size_t)t * B * H;
    float *restrict c1 = l->cs + (size_t)(t + 1) * B * H;
    float *restrict tc = l->tc + (size_t)t * B * H;
    multiply(a, h0, H, 1, l->wh, B, H, N);
    for (int s = 0; s < B; s++) {
      float *restrict as = a + (size_t)s * N;
      for (int i = 0; i < 2 * H; i++) as[i] = sigmoid(as[i]);
      for (int i = 2 * H; i < 3 * H; i++) as[i] = tanhf(as[i]);
      for (int i = 3 * H; i < 4 * H; i++) as[i] = sigmoid(as[i]);
      for (int i = 0; i < H; i++)
        c1[s * H + i] = as[H + i] * c0[s * H + i] + as[i] * as[2 * H + i];
    }
    for (int i = 0; i < B * H; i++) tc[i] = tanhf(c1[i]);
    for (int s = 0; s < B; s++)
      for (int i = 0; i < H; i++) h1[s * H + i] = a[(size_t)s * N + 3 * H + i] * tc[s * H + i];
  }
}

/* The gradients da of a step's gates, and what they add to dh of the step before. */
static void step_backward(struct layer *l, int t) {
  const int N = G * H;
  const float *a = l->a + (size_t)t * B * N, *h0 = l->hs + (size_t)t * B * H;
  float *dh = l->dh + (size_t)t * B * H, *da = l->da + (size_t)t * B * N;
  float *du = l->du + (size_t)t * B * N;
  float *before = t > 0 ? dh - (size_t)B * H : NULL;
  if (cell == RNN) { /* da is dh. */
    const float *h1 = h0 + (size_t)B * H;
    for (int i = 0; i < B * H; i++) dh[i] *= 1 - h1[i] * h1[i];
  } else if (cell == GRU) {
    const float *u = l->u + (size_t)t * B * N;
    for (int s = 0; s < B; s++) {
      const float *restrict r = a + (size_t)s * N, *restrict z = r + H, *restrict n = z + H;
      const float *restrict v = u + (size_t)s * N + 2 * H, *restrict h = h0 + (size_t)s * H;
      const float *restrict d = dh + (size_t)s * H;
      float *restrict das = da + (size_t)s * N, *restrict dus = du + (size_t)s * N;
      for (int i = 0; i < H; i++) {
        const float dn = d[i] * (1 - z[i]) * (1 - n[i] * n[i]);
        das[i] = dus[i] = dn * v[i] * r[i] * (1 - r[i]);
        das[H + i] = dus[H + i] = d[i] * (h[i] - n[i]) * z[i] * (1 - z[i]);
        das[2 * H + i] = dn;
        dus[2 * H + i] = dn * r[i];
      }
      if (before)
        for (int i = 0; i < H; i++) before[s * H + i] += d[i] * z[i];
    }
  } else {
    const float *tc = l->tc + (size_t)t * B * H, *c0 = l->cs + (size_t)t * B * H;
    for (int s = 0; s < B; s++) {
      const float *restrict ig = a + (size_t)s * N, *restrict f = ig + H, *restrict g = f + H;
      const float *restrict o = g + H, *restrict tcs = tc + (size_t)s * H;
      const float *restrict c = c0 + (size_t)s * H, *restrict d = dh + (size_t)s * H;
      float *restrict das = da + (size_t)s * N, *restrict dc = l->dc + (size_t)s * H;
      for (int i = 0; i < H; i++) {
        const float dci = dc[i] + d[i] * o[i] * (1 - tcs[i] * tcs[i]);
        das[i] = dci * g[i] * ig[i] * (1 - ig[i]);
        das[H + i] = dci * c[i] * f[i] * (1 - f[i]);
        das[2 * H + i] = dci * ig[i] * (1 - g[i] * g[i]);
        das[3 * H + i] = d[i] * tcs[i] * o[i] * (1 - o[i]);
        dc[i] = dci * f[i];
      }
    }
  }
  if (before) multiply(before, du, N, 1, l->wht, B, N, H);
}

/* How the weights are updated. */
static enum rule rule;
static float lr, beta1, beta2, decay, limit, share;
static int clips_norm;

/* Clips the gradients, updates the weights, averages them, and clears the gradients for the next
 * step. */
static void update(float *restrict w, float *restrict g, float *restrict m, float *restrict v,
                   float *restrict average, size_t n, long step) {
  float scale = 1;
  if (limit > 0 && clips_norm) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (double)g[i] * g[i];
    if (limit < sqrt(squares)) scale = limit / sqrt(squares);
  }
  const float clip = limit > 0 && !clips_norm ? limit : 3e38f;
  const float first = lr / (1 - powf(beta1, step)), second = 1 / sqrtf(1 - powf(beta2, step));
  const float keep = rule == ADAMW ? 1 - lr * decay : 1, l2 = rule == ADAMW ? 0 : decay;
  for (size_t i = 0; i < n; i++) {
    float d = g[i] * scale;
    d = (d > clip ? clip : d < -clip ? -clip : d) + l2 * w[i];
    if (rule == ADAGRAD) {
      w[i] -= lr * d / sqrtf((m[i] += d * d) + EPSILON);
    } else if (rule == RMSPROP) {
      m[i] = beta2 * m[i] + (1 - beta2) * d * d;
      w[i] -= lr * d / (sqrtf(m[i]) + EPSILON);
    } else {
      m[i] = beta1 * m[i] + (1 - beta1) * d;
      v[i] = beta2 * v[i] + (1 - beta2) * d * d;
      w[i] = keep * w[i] - first * m[i] / (sqrtf(v[i]) * second + EPSILON);
    }
    g[i] = 0;
  }
  if (share > 0) {
    const float rate = share * step > 1 ? 1 / (share * step) : 1;
    for (size_t i = 0; i < n; i++) average[i] += rate * (w[i] - average[i]);
  }
}

static float *take(float **at, size_t count) {
  float *p = *at;
  *at += count;
  return p;
}

/* Reads a matrix of the file, [outputs, inputs], as [inputs, outputs]. */
static void read_weights(FILE *file, float *to, int outputs, int inputs) {
  float *rows = zeros((size_t)outputs * inputs);
  if (fread(rows, sizeof(float), (size_t)outputs * inputs, file) != (size_t)outputs * inputs)
    exit(1);
  transpose(to, rows, outputs, inputs);
  free(rows);
}

int main(int argc, char **argv) {
  if (argc != 17) return 2;
  V = atoi(argv[3]), cell = index_of(argv[4], cells), L = atoi(argv[5]), H = atoi(argv[6]);
  T = atoi(argv[7]), B = atoi(argv[8]), rule = index_of(argv[9], rules), lr = atof(argv[10]);
  beta1 = atof(argv[11]), beta2 = atof(argv[12]), decay = atof(argv[13]), limit = atof(argv[14]);
  clips_norm = !strcmp(argv[15], "norm"), share = atof(argv[16]);
  G = cell == RNN ? 1 : cell == GRU ? 3 : 4, R = T * B;
  const int N = G * H;

  FILE *file = fopen(argv[1], "rb");
  if (!file) return 1;
  fseek(file, 0, SEEK_END);
  size_t length = ftell(file) / sizeof(uint32_t);
  rewind(file);
  uint32_t *ids = malloc(length * sizeof(uint32_t));
  if (!ids || fread(ids, sizeof(uint32_t), length, file) != length) return 1;
  fclose(file);
  const long stream = length / B; /* characters of a stream */

  struct layer *layers = calloc(L, sizeof *layers);
  size_t count = (size_t)H * V + V;
  for (int l = 0; l < L; l++)
    count += (size_t)((l ? H : V) + H) * N + N + (cell == GRU ? H : 0);
  float *w = zeros(count), *g = zeros(count), *m = zeros(count), *v = zeros(count);
  float *average = zeros(count), *at = w;
  /* In the order of the file: all matrices, then all biases. */
  for (int l = 0; l < L; l++) {
    layers[l].inputs = l ? H : 0;
    layers[l].wx = take(&at, (size_t)(l ? H : V) * N);
    layers[l].wh = take(&at, (size_t)H * N);
  }
  float *why = take(&at, (size_t)H * V);
  for (int l = 0; l < L; l++) {
    layers[l].b = take(&at, N);
    layers[l].bn = cell == GRU ? take(&at, H) : at;
  }
  float *by = take(&at, V), *ghy = g + (why - w), *gby = g + (by - w);
  file = fopen(argv[2], "rb");
  if (!file) return 1;
  for (int l = 0; l < L; l++) {
    read_weights(file, layers[l].wx, N, l ? H : V);
    read_weights(file, layers[l].wh, N, H);
  }
  read_weights(file, why, V, H);
  const size_t biases = w + count - layers[0].b;
  if (fread(layers[0].b, sizeof(float), biases, file) != biases) return 1;
  fclose(file);
  for (int i = 0; i < L; i++) {
    struct layer *l = &layers[i];
    l->gx = g + (l->wx - w), l->gh = g + (l->wh - w), l->gb = g + (l->b - w);
    l->gbn = g + (l->bn - w);
    l->hs = zeros((size_t)(R + B) * H), l->cs = zeros((size_t)(R + B) * H);
    l->a = zeros((size_t)R * N), l->dh = zeros((size_t)R * H);
    l->da = cell == RNN ? l->dh : zeros((size_t)R * N);
    l->u = cell == GRU ? zeros((size_t)R * N) : NULL;
    l->du = cell == GRU ? zeros((size_t)R * N) : l->da;
    l->tc = zeros((size_t)R * H), l->dc = zeros((size_t)B * H);
    l->wxt = zeros((size_t)H * N), l->wht = zeros((size_t)H * N);
  }
  float *ys = zeros((size_t)R * V), *whyt = zeros((size_t)H * V);

  printf("{\"ready\": \"%s\"}\n", __VERSION__);
  fflush(stdout);
  long position = 0, step = 0;
  char command[16];
  double value;
  while (scanf("%15s %lf", command, &value) == 2) {
    const int counts_steps = !strcmp(command, "steps");
    double start = now(), elapsed = 0, total_loss = 0;
    long steps = 0;
    do {
      if (position + T + 1 >= stream) {
        position = 0;
        for (int l = 0; l < L; l++) {
          memset(layers[l].hs, 0, (size_t)B * H * sizeof(float));
          memset(layers[l].cs, 0, (size_t)B * H * sizeof(float));
        }
      }
      for (int i = 0; i < L; i++) {
        struct layer *l = &layers[i];
        repeat(l->a, l->b, R, N);
        if (i == 0)
          for (int r = 0; r < R; r++)
            add(l->a + (size_t)r * N,
                l->wx + (size_t)ids[(r % B) * stream + position + r / B] * N, N);
        else
          multiply(l->a, layers[i - 1].hs + (size_t)B * H, H, 1, l->wx, R, H, N);
        for (int t = 0; t < T; t++) step_forward(l, t);
      }
      float *top = layers[L - 1].hs + (size_t)B * H;
      repeat(ys, by, R, V);
      multiply(ys, top, H, 1, why, R, H, V);

      double loss = 0;
      for (int r = 0; r < R; r++) {
        float *y = ys + (size_t)r * V, max = -3e38f, sum = 0;
        const uint32_t target = ids[(r % B) * stream + position + r / B + 1];
        for (int v = 0; v < V; v++) max = y[v] > max ? y[v] : max;
        const float shifted = y[target] - max;
        for (int v = 0; v < V; v++) sum += y[v] = expf(y[v] - max);
        const float scale = 1 / (sum * B);
        for (int v = 0; v < V; v++) y[v] *= scale;
        y[target] -= 1.0f / B;
        loss += logf(sum) - shifted;
      }

      add_rows(gby, ys, R, V, V);
      multiply(ghy, top, 1, H, ys, H, R, V);
      transpose(whyt, why, H, V);
      memset(layers[L - 1].dh, 0, (size_t)R * H * sizeof(float));
      multiply(layers[L - 1].dh, ys, V, 1, whyt, R, V, H);
      for (int i = L - 1; i >= 0; i--) {
        struct layer *l = &layers[i];
        transpose(l->wht, l->wh, H, N);
        memset(l->dc, 0, (size_t)B * H * sizeof(float));
        for (int t = T - 1; t >= 0; t--) step_backward(l, t);
        multiply(l->gh, l->hs, 1, H, l->du, H, R, N);
        add_rows(l->gb, l->da, R, N, N);
        if (cell == GRU) add_rows(l->gbn, l->du + 2 * H, R, H, N);
        if (i == 0) {
          for (int r = 0; r < R; r++)
            add(l->gx + (size_t)ids[(r % B) * stream + position + r / B] * N,
                l->da + (size_t)r * N, N);
        } else {
          float *below = layers[i - 1].hs + (size_t)B * H;
          multiply(l->gx, below, 1, H, l->da, H, R, N);
          transpose(l->wxt, l->wx, H, N);
          memset(layers[i - 1].dh, 0, (size_t)R * H * sizeof(float));
          multiply(layers[i - 1].dh, l->da, N, 1, l->wxt, R, N, H);
        }
      }
      update(w, g, m, v, average, count, ++step);
      for (int l = 0; l < L; l++) {
        memcpy(layers[l].hs, layers[l].hs + (size_t)R * H, (size_t)B * H * sizeof(float));
        memcpy(layers[l].cs, layers[l].cs + (size_t)R * H, (size_t)B * H * sizeof(float));
      }
      position += T;
      steps++;
      total_loss += loss / R;
      elapsed = now() - start;
    } while (counts_steps ? steps < value : elapsed < value);
    printf("{\"chars\": %ld, \"seconds\": %.6f, \"loss\": %.9f}\n", steps * R, elapsed,
           total_loss / steps);
    fflush(stdout);
  }
  return 0;
}
