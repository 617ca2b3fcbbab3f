"""What mean-field theory predicts of deep networks before they are trained; numpy and scipy."""
