"""Network architectures: perceptron, U-Net, invertible transforms."""
