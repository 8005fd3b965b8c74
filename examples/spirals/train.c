// A small neural network that tells two spirals apart, in C: a program that rung pauses, saves and promotes.
//
//     cc -O2 -o train train.c -lm && rung run study.toml

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 200, MAX_WIDTH = 64, WEIGHTS = 4 * MAX_WIDTH + 1 };

static double X[2 * POINTS][2], y[2 * POINTS];
static double state[2 * WEIGHTS];  // weights, then their velocities

static double uniform(void) { return rand() / (RAND_MAX + 1.0) - 0.5; }

static void make_data(void) {
    for (int i = 0; i < 2 * POINTS; i++) {  // the first half trains, the second half validates
        double t = 1 + 7 * (uniform() + 0.5), side = i % 2 ? 1 : -1;
        X[i][0] = side * t * cos(t) / 8 + 0.02 * uniform();
        X[i][1] = side * t * sin(t) / 8 + 0.02 * uniform();
        y[i] = i % 2;
    }
}

// The probability of class 1; with `lr` above 0 also one step of stochastic gradient descent.
static double network(int i, int width, double lr, double momentum) {
    double hidden[MAX_WIDTH], z = state[4 * width], *v = state + WEIGHTS;
    for (int h = 0; h < width; h++) {
        double *w = state + 4 * h;
        hidden[h] = tanh(w[0] * X[i][0] + w[1] * X[i][1] + w[2]);
        z += w[3] * hidden[h];
    }
    double p = 1 / (1 + exp(-z)), error = p - y[i];
    if (lr == 0) return p;
    for (int h = 0; h < width; h++) {
        double back = error * state[4 * h + 3] * (1 - hidden[h] * hidden[h]);
        double gradient[4] = {back * X[i][0], back * X[i][1], back, error * hidden[h]};
        for (int k = 4 * h; k < 4 * h + 4; k++) state[k] += v[k] = momentum * v[k] - lr * gradient[k - 4 * h];
    }
    state[4 * width] += v[4 * width] = momentum * v[4 * width] - lr * error;
    return p;
}

static FILE *open_in(const char *folder, const char *name, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s%s", folder, name);
    FILE *file = fopen(path, mode);
    if (!file) perror(path), exit(1);
    return file;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: train LR MOMENTUM WIDTH\n"), 1;
    double lr = atof(argv[1]), momentum = atof(argv[2]);
    int width = atoi(argv[3]), epoch = atoi(getenv("RUNG_START")), target = atoi(getenv("RUNG_TARGET"));
    make_data();
    for (int k = 0; k < 4 * width; k++) state[k] = 4 * uniform();
    if (getenv("RUNG_CHECKPOINT")) {
        FILE *file = open_in(getenv("RUNG_CHECKPOINT"), "", "rb");
        if (fread(state, sizeof state, 1, file) != 1) return 1;
        fclose(file);
    }
    while (epoch++ < target) {
        for (int i = 0; i < POINTS; i++) network(i, width, lr, momentum);
        int right = 0;
        for (int i = POINTS; i < 2 * POINTS; i++) right += (network(i, width, 0, 0) > 0.5) == y[i];
        if (epoch == target) {  // save first, then report
            FILE *file = open_in(getenv("RUNG_SAVE"), "/state", "wb");
            fwrite(state, sizeof state, 1, file);
            fclose(file);
        }
        printf("{\"accuracy\": %g%s}\n", (double)right / POINTS, epoch == target ? ", \"saved\": \"state\"" : "");
        fflush(stdout);
    }
    return 0;
}
