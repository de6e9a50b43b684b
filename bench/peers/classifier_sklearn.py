# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The nearest that scikit-learn has to ml_bench's `classifier`: 2 -> 8 tanh -> 3 without the batch_norm between, which it
does not know, so it does less than kramers."""

import warnings

import classifier
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def train(x, y, epochs):
    net = MLPClassifier((8,), activation="tanh", solver="adam", alpha=0, batch_size=classifier.BATCH,
                        learning_rate_init=classifier.LEARNING_RATE, max_iter=epochs, n_iter_no_change=epochs,
                        random_state=classifier.SEED)
    return net.fit(x, y).predict


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted, however little the last ones bring
    classifier.main(train, f"scikit-learn {sklearn.__version__}")
