"""Networks of the neural families: multilayer perceptron, U-Net and spline flow."""
