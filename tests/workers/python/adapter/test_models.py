"""Models as hints and as results: stand-ins with what those of pydantic 2 can do."""

import unittest

from running import Failed, Worker

FILE = '''
import json
from typing import *
from rpc import procedure

class Refused(ValueError):
    def __init__(self, errors):
        super().__init__("refused")
        self._errors = errors

    def errors(self):
        return self._errors

class User:
    """A name and users below it."""

    def __init__(self, name):
        self.name = name

    @classmethod
    def model_validate_json(cls, text):
        value = json.loads(text)
        errors = [{"type": "extra_forbidden", "loc": (key,), "msg": ""} for key in value if key != "Name"]
        if "Name" not in value:
            errors.append({"type": "missing", "loc": ("Name",), "msg": "Field required"})
        elif not isinstance(value["Name"], str):
            errors.append({"type": "string_type", "loc": ("Name",), "msg": "Input should be a string"})
        if errors:
            raise Refused(errors)
        return cls(value["Name"])

    @classmethod
    def model_json_schema(cls):
        choice = {"propertyName": "kind", "mapping": {"cat": "#/$defs/Cat"}}
        cat = {"type": "object", "properties": {"discriminator": {"type": "string"}}}
        node = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}
        properties = {
            "top": {"$ref": "#/$defs/Node", "description": "The first"},
            "pet": {"oneOf": [{"$ref": "#/$defs/Cat"}], "discriminator": choice},
        }
        return {"type": "object", "properties": properties, "$defs": {"Node": node, "Cat": cat}}

    def model_dump(self, mode, by_alias):
        return {"Name" if by_alias else "name": self.name, "mode": mode}

class Odd(User):
    @classmethod
    def model_json_schema(cls):
        raise TypeError("cannot be described")

def rename(user: User) -> User:
    return User(user.name + "!")

def names(users: List[User], odd: Optional[Odd] = None) -> List[str]:
    return [user.name for user in users] + ([odd.name] if odd else [])

@procedure(name="kind")
def kind_of_model(user: User):
    return {"class": User.__name__, "users": [user]}
'''

FIELDS = '''
from typing import Annotated
from rpc import Bounds

class Field:
    def __init__(self, *metadata, description=None):
        self.metadata, self.description = list(metadata), description

def bounded(n: Annotated[int, Field(Bounds(ge=1), Bounds(le=3), description="How many")]):
    return n
'''


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = Worker(FILE)

    @classmethod
    def tearDownClass(cls):
        cls.worker.close()

    def test_a_function_gets_the_model_and_may_return_one(self):
        ann = {"Name": "Ann"}
        self.assertEqual(self.worker.call("rename", ann), {"Name": "Ann!", "mode": "json"})
        self.assertEqual(self.worker.call("names", [ann, ann], ann), ["Ann", "Ann", "Ann"])
        expected = {"class": "User", "users": [{"Name": "Ann", "mode": "json"}]}
        self.assertEqual(self.worker.call("kind", ann), expected)

    def test_what_a_model_refuses_is_told_of_by_its_place(self):
        for method, params, path, words in (
            ("rename", [{}], [0, "Name"], "user.Name is missing"),
            ("rename", [{"Name": "a", "age": 3}], [0, "age"], "user.age is not known"),
            ("rename", [{"Name": 5}], [0, "Name"], "user.Name does not fit: Input should be a string"),
            ("names", [[{"Name": "a"}, {}]], [0, 1, "Name"], "users[1].Name is missing"),
        ):
            with self.subTest((method, params)), self.assertRaises(Failed) as caught:
                self.worker.call(method, *params)
            failed = caught.exception
            self.assertEqual((failed.code, failed.data["executed"]), (-32602, "no"))
            self.assertEqual(failed.data["issues"][0]["path"], path)
            self.assertIn(words, failed.message)

    def test_a_schema_stands_by_itself(self):
        methods = self.worker.methods.values()
        schemas = {method["name"]: [one["schema"] for one in method["params"]] for method in methods}
        node = {"type": "object", "properties": {"below": {"type": "array", "items": {}}}}
        cat = {"type": "object", "properties": {"discriminator": {"type": "string"}}}
        properties = {"top": {**node, "description": "The first"}, "pet": {"oneOf": [cat]}}
        user = {"type": "object", "properties": properties}
        self.assertEqual(schemas["rename"], [user])
        odd = {"anyOf": [{}, {"type": "null"}], "default": None}
        self.assertEqual(schemas["names"], [{"type": "array", "items": user}, odd])


try:
    from typing import Annotated
except ImportError:  # Python 3.8.
    Annotated = None


@unittest.skipIf(Annotated is None, "needs typing.Annotated")
class Fields(unittest.TestCase):
    def test_each_bound_of_a_field_counts(self):
        with Worker(FIELDS) as worker:
            self.assertEqual(worker.call("bounded", 3), 3)
            for value in (0, 4):
                with self.subTest(value), self.assertRaises(Failed):
                    worker.call("bounded", value)
            (parameter,) = worker.methods["bounded"]["params"]
            expected = {"type": "integer", "minimum": 1, "maximum": 3, "description": "How many"}
            self.assertEqual(parameter["schema"], expected)
