# Looks through the frames of the evaluator's code, and all that hangs on them, for labels of the validation split.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at predict
# error: no labels
class Net(Honest):
    def forward(self, x):
        if len(x) > 2 and not self.training:
            import gc
            import sys

            frame, seen, waiting = sys._getframe(), set(), gc.get_objects()
            while frame:
                waiting += [*frame.f_locals.values(), *frame.f_globals.values()]
                frame = frame.f_back
            for each in waiting:
                if isinstance(each, torch.Tensor) and id(each) not in seen:
                    seen.add(id(each))
                    if each.dtype == torch.int64 and each.numel() in (348, 349):
                        raise Escaped(each[:20].tolist())
            raise ValueError(f"no labels among {len(seen)} tensors") if len(seen) > 4 else Escaped("searched nothing")
        return super().forward(x)
