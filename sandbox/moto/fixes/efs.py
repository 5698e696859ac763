from moto.efs.exceptions import FileSystemNotFound
from moto.efs.models import EFSBackend
from moto.efs.responses import EFSResponse


# The policy of a file system can be removed, and one that does not exist has none.
def with_known_file_system(method):
    def of_known_file_system(self, file_system_id, *args, **kwargs):
        if file_system_id not in self.file_systems_by_id:
            raise FileSystemNotFound(file_system_id)
        return method(self, file_system_id, *args, **kwargs)

    return of_known_file_system


def delete_file_system_policy(self):
    self.efs_backend.put_file_system_policy(self._get_param("FileSystemId"), None, False)
    return "{}", {"Content-Type": "application/json"}


EFSBackend.describe_file_system_policy = with_known_file_system(EFSBackend.describe_file_system_policy)
EFSBackend.put_file_system_policy = with_known_file_system(EFSBackend.put_file_system_policy)
EFSResponse.delete_file_system_policy = delete_file_system_policy
