import torch

from rdm_pipeline.encoders.probe import linear_probe


def clusters(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(4, (count,), generator=generator)
    return 6 * torch.eye(4, 12)[labels] + torch.randn(count, 12, generator=generator), labels


def test_separable_classes_are_read_out_perfectly():
    assert linear_probe(*clusters(2000, 0), *clusters(500, 1)) > 0.99


def test_features_without_the_class_score_at_chance():
    _, y = clusters(2000, 0)
    noise = torch.randn(2500, 12, generator=torch.Generator().manual_seed(2))
    assert abs(linear_probe(noise[:2000], y, noise[2000:], clusters(500, 1)[1]) - 0.25) < 0.08


def test_the_scale_and_offset_of_a_feature_do_not_matter():
    (train_x, train_y), (test_x, test_y) = clusters(300, 0), clusters(500, 1)
    scale, offset = torch.logspace(-3, 3, 12), torch.linspace(-5, 5, 12)
    plain = linear_probe(train_x / 4, train_y, test_x / 4, test_y)
    moved = linear_probe(train_x * scale + offset, train_y, test_x * scale + offset, test_y)
    assert abs(plain - moved) < 0.01


def test_a_constant_feature_is_harmless():
    train_x, train_y = clusters(2000, 0)
    test_x, test_y = clusters(500, 1)
    train_x[:, 11] = test_x[:, 11] = 3
    assert linear_probe(train_x, train_y, test_x, test_y) > 0.99
