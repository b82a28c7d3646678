"""The ONNX Runtime engine, and how the Keras network becomes its graphs."""
