using System.Text;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Tests.Cache;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.Client;

[Collection(nameof(Alone))]
public sealed class ListMemoryTests
{
    private const int Objects = 50_000;

    /// <summary>Text that the record does not keep, so that what is kept is small against what is sent.</summary>
    private static readonly byte[] s_filling = Encoding.ASCII.GetBytes(",\"managedFields\":[{\"manager\":\"" + new string('x', 1500) + "\"}]");

    [Fact]
    public async Task A_list_of_50000_objects_is_never_in_memory_as_text()
    {
        long live = 0;
        await using var server = await ScriptedServer.StartAsync(async c =>
        {
            c.Response.ContentType = "application/json";
            await c.Response.Body.WriteAsync("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["u8.ToArray());
            for (var i = 0; i < Objects; i++)
            {
                await c.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"{(i == 0 ? "" : ",")}{{\"metadata\":{{\"namespace\":\"ns\",\"name\":\"w{i}\""));
                await c.Response.Body.WriteAsync(s_filling);
                await c.Response.Body.WriteAsync("},\"spec\":{\"color\":\"red\"}}"u8.ToArray());
                if (i == Objects - 1)
                    live = GC.GetTotalMemory(forceFullCollection: true);
            }

            await c.Response.Body.WriteAsync("]}"u8.ToArray());
        });
        using var client = server.Client(o => o with { RequestTimeout = TimeSpan.FromMinutes(2) });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var list = await client.Resource(Widget.Type).ListAsync(WatchScope.InNamespace("ns"));

        // 78 MB of text; the objects themselves take about 400 bytes each, their list's growth included.
        Assert.Equal(Objects, list.Items.Count);
        Assert.True(live - before < 32 * 1024 * 1024, $"{(live - before) / 1024 / 1024} MiB were live when the last object was sent");
    }
}
